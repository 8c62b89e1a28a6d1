"""Named queries, one module an object: plain functions over a `Read`, marked with the objects they read."""
