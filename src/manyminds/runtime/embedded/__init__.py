"""The model that comes with the package: joined, verified, served from one child process."""
