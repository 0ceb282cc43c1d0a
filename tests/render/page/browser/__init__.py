"""What a real browser makes of a page: Chromium, headless and without a network."""
