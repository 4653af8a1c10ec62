"""The Content-Security-Policy that fits a site: what pages need, and what stays blocked."""
