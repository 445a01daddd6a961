"""New versions of what recipes build: where they are announced, which one is taken, and what changes in the recipe."""
