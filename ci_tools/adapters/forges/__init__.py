"""Where pull requests are talked about."""
