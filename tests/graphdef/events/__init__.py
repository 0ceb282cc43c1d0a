"""Event files, read back by the messages that wrote them."""
