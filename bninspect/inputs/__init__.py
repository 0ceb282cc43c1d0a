"""What a model is fed: its placeholders, images and arrays made ready for them, and every other value."""
