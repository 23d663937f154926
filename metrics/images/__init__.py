"""Images in: where they come from, how they are decoded, how they are prepared for a network."""
