"""The host of one Python predictor. It speaks with its server by files; see packages/predict/README.md."""
