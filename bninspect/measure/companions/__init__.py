"""Does one image's output depend on the images beside it? The experiment, and its batches."""
