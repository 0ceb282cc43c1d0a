"""Data as people hold it: images, arrays, TFRecords, tar shards, parquet, a loader function, addresses."""
