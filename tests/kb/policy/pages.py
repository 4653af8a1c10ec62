"""Pages that have a policy made for them."""

PAGE = (
    "<!doctype html><html><head><script>theme()</script></head><body><main><h1>{title}</h1>{body}</main></body></html>"
)


def page(body="", title="Words"):
    return PAGE.format(title=title, body=body)
