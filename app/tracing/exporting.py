"""The OpenTelemetry SDK as this server sets it up: OTLP over HTTP, in batches, from a thread of its own.

The SDK itself reads the other standard variables: sampler, headers, timeouts, sizes of batches, resource attributes.
"""

from importlib.metadata import version

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from app.settings import Settings

SERVICE_NAME = "eev-webhooks"


def provider_of(settings: Settings) -> TracerProvider:
    """A provider that exports to the endpoint of the settings, by default a collector on this machine."""
    endpoint = settings.otel_exporter_otlp_traces_endpoint
    if endpoint is None and settings.otel_exporter_otlp_endpoint is not None:
        endpoint = f"{settings.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces"
    # Of the process's end, `open_tracing` takes care.
    provider = TracerProvider(resource=_resource(settings), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider


def _resource(settings: Settings) -> Resource:
    own = {"service.name": SERVICE_NAME, "service.version": version("eev-webhooks")}
    given = dict(OTELResourceDetector().detect().attributes)
    if settings.otel_service_name is not None:
        given["service.name"] = settings.otel_service_name
    return Resource.create({**own, **given})
