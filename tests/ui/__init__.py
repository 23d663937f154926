"""Pages that everybody may see, and the look of the rest."""
