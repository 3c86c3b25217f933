"""Writing a diagnosis down: as JSON, as SARIF for CI, as one page of HTML, over many runs."""
