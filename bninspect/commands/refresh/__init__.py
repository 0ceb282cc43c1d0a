"""`refresh`: statistics estimated anew from images, in parts or at once, and written into the model."""
