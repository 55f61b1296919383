"""Helm as a library, asked by one line of JSON for each request, answered by one line each, until standard input ends."""

import functools
import json
import sys

import helm_python
import jsonschema
import kubernetes_validate.utils as kubernetes
from referencing import Registry, Resource


@functools.cache
def chart(path):
    return helm_python.Chart.load(path)


def lint(path, values):
    report = helm_python.lint(path, values, strict=True, kube_version="v1.33.0")
    return [f"{message['path']}: {message['error']}" for message in report["messages"] if message["severity"] > 1]


def render(path, values, name, namespace, upgrade):
    try:
        files = chart(path).render(values, name=name, namespace=namespace, is_install=not upgrade, is_upgrade=upgrade)
        return {"files": files}
    except (helm_python.HelmRenderError, helm_python.HelmValuesError) as refusal:
        return {"refusal": str(refusal)}


@functools.cache
def definitions(version):
    contents = kubernetes.schema_contents(f"kubernetes-json-schema/v{version}-local-strict/_definitions.json", version)
    return Resource.from_contents(contents) @ Registry()


@functools.cache
def validator(version, api_version, kind):
    """None: the object is none of Kubernetes' own."""
    group, _, rest = api_version.rpartition("/")
    prefix = f"{group.split('.')[0]}-{rest}" if group else rest
    name = f"kubernetes-json-schema/v{version}-local-strict/{kind.lower()}-{prefix}.json"
    try:
        schema = kubernetes.schema_contents(name, version)
    except FileNotFoundError:
        return None
    return jsonschema.validators.Draft202012Validator(schema, registry=Resource.from_contents(schema) @ definitions(version))


def validate(object, minor):
    version = [known for known in kubernetes.all_versions() if kubernetes.major_minor(known) == minor][-1]
    check = validator(version, object["apiVersion"], object["kind"])
    if check is None:
        return {"known": False, "problems": []}
    problems = [f"{'.'.join(map(str, error.path))}: {error.message}" for error in check.iter_errors(object)]
    return {"known": True, "problems": problems}


def act(path, action, kubeconfig, namespace, **options):
    with helm_python.Config(kubeconfig_path=kubeconfig, namespace=namespace) as config:
        try:
            if action == "uninstall":
                return {"release": config.uninstall(options["name"])}
            release = getattr(config, action)(chart(path), namespace=namespace, **options)
            return {"release": release}
        except helm_python.HelmError as refusal:
            return {"refusal": str(refusal)}


OPERATIONS = {"lint": lint, "render": render, "validate": validate, "act": act}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"answer": OPERATIONS[request["operation"]](**request["arguments"])}
    except Exception as error:  # whatever it is, the test is to say it
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
