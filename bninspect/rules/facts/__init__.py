"""Facts that several rules ask for, each worked out in one place."""
