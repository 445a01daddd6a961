"""Recipes as text: read with places, and written so that the rest keeps its bytes."""
