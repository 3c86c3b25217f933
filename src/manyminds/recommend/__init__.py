"""What fits one person: catalogues, what people liked, rankers, and how well they rank."""
