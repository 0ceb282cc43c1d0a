"""The JSON Schemas of the documents, written of what stands in these files; shared parts stand once."""
