"""Data as people hold it: files of images, arrays, TFRecords, tar shards, parquet, a loader function, addresses."""
