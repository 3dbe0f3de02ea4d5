"""The published JSON schemas (docs/schema): what the toolkit prints is held against them."""
import json

from .service import REPO

DOCUMENTS = {path.stem: json.loads(path.read_text()) for path in sorted((REPO / "docs" / "schema").glob("*.json"))}


def validators():
    """One validator a schema; both old and new versions of python3-jsonschema."""
    import jsonschema
    by_id = {schema["$id"]: schema for schema in DOCUMENTS.values()}
    try:
        from referencing import Registry, Resource
        registry = Registry().with_resources([(i, Resource.from_contents(s)) for i, s in by_id.items()])
        return {n: jsonschema.Draft202012Validator(s, registry=registry) for n, s in DOCUMENTS.items()}
    except ImportError:
        return {n: jsonschema.Draft202012Validator(s, resolver=jsonschema.RefResolver(s["$id"], s, store=by_id))
                for n, s in DOCUMENTS.items()}


_made = {}


def conforms(name, document):
    """Asserts that a document is what its schema promises: nothing missing, nothing more."""
    if not _made:
        _made.update(validators())
    errors = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in _made[name].iter_errors(document)]
    assert not errors, f"{name}: " + "\n".join(errors[:5])
    return document
