"""One server for every client: HTTP in, runs out."""
