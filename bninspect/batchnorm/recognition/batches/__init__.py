"""What a batch is beyond the images of one run: groups of them, and moments that stored ones correct."""
