"""The Content-Security-Policy that fits a site: what pages need, what is allowed, what stays blocked."""
