"""What a report finds beside its estimates: frozen records about people, about scores, and about both."""
