"""Any file -> Graph with its values: GraphDefs, SavedModels, checkpoints, Keras files."""
