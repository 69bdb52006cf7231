"""How static files are stored for serving: with a digest in their names, and compressed."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """WhiteNoise's storage; also rewrites the imports between our script modules.

    Without it a module would import its neighbour under the name without digest, which browsers
    keep for an hour: after an upgrade old and new modules would meet.
    """

    support_js_module_import_aggregation = True
