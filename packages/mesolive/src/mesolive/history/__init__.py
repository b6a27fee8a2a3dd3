"""History: values of accounts and positions, sampled each minute of market time and thinned by age."""
