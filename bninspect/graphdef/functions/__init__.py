"""Functions of the library of a GraphDef, as they are read and as they are written."""
