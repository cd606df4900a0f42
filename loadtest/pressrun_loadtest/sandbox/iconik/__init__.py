"""The iconik stand-in: the services auth, assets, files, metadata and search, and the cloud store behind them."""
