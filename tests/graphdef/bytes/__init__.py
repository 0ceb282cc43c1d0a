"""What the bytes of a file say, and which of them are read: at each bound, and one beyond it."""
