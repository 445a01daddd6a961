"""What a recipe is told before it is built: one value for each rule, with its reason and the way out."""
