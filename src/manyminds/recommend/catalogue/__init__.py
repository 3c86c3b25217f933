"""What there is to choose from: items with typed fields, each with the place it is from."""
