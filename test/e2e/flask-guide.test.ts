/**
 * Prometheus' guide for OpenTelemetry metrics, followed with its own program: a Flask calculator with auto-instrumentation and a
 * counter, sent by the Python SDK to the address of the guide.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, query, value } from './support/query.js';
import { Server } from './support/server.js';

const packages = path.join(process.env['NARTHEX_PEERS'] ?? '', 'usr/lib/python3/dist-packages');
const missing = process.env['NARTHEX_PEERS'] === undefined || !fs.existsSync(path.join(packages, 'opentelemetry/instrumentation/flask'));
const note = missing ? ' (skipped: NARTHEX_PEERS names no folder with the Python SDK and its Flask instrumentation)' : '';

/** The guide's program; its requests come from Flask's own test client, and the last export is that of the shutdown. */
const APP = `
import os
from flask import Flask, jsonify, request
from opentelemetry import metrics
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.instrumentation.flask import FlaskInstrumentor

otlp_exporter = OTLPMetricExporter(endpoint=os.environ["NARTHEX_URL"] + "/api/v1/otlp/v1/metrics")
reader = PeriodicExportingMetricReader(otlp_exporter, 1000)
resource = Resource.create({"service.name": "calculator"})
provider = MeterProvider(metric_readers=[reader], resource=resource)
metrics.set_meter_provider(provider)
meter = metrics.get_meter(__name__)

app = Flask(__name__)
FlaskInstrumentor().instrument_app(app)
calc_metric = meter.create_counter(name="calc_operation", description="Records every Calculator Operation")

@app.route('/add', methods=['POST'])
def add():
    data = request.json
    calc_metric.add(1, {"operation": "add"})
    return jsonify({"result": data['num1'] + data['num2']})

@app.route('/subtract', methods=['POST'])
def subtract():
    data = request.json
    calc_metric.add(1, {"operation": "sub"})
    return jsonify({"result": data['num1'] - data['num2']})

client = app.test_client()
for _ in range(3):
    assert client.post('/add', json={"num1": 5, "num2": 100}).json == {"result": 105}
client.post('/subtract', json={"num1": 5, "num2": 100})
provider.shutdown()
`;

describe.skipIf(missing)(`the guide's Flask program${note}`, () => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start({ flags: ['--enable-feature=otlp-write-receiver'] });
    const { status, stderr } = spawnSync('python3', ['-c', APP], {
      encoding: 'utf8', env: { ...process.env, PYTHONPATH: packages, NARTHEX_URL: server.url }, timeout: 60_000,
    });
    expect([status, stderr.includes('Failed to export')], stderr).toEqual([0, false]);
  });
  afterAll(async () => server?.remove());

  it('the counter is calc_operation_total', async () => {
    expect(await value(server.url, 'calc_operation_total{operation="add",job="calculator"}')).toBe(3);
    expect(await value(server.url, 'calc_operation_total{operation="sub",job="calculator"}')).toBe(1);
  });

  it('auto-instrumentation gives histograms of http_server_*', async () => {
    const names = await get<string[]>(server.url, 'label/__name__/values');
    const histogram = names.find((name) => /^http_server_\w*duration\w*_bucket$/.test(name))?.replace(/_bucket$/, '');
    expect(histogram, names.join(' ')).toBeDefined();
    expect(await value(server.url, `sum(${histogram}_count)`)).toBe(4);
    expect(await value(server.url, `sum(${histogram}_bucket{le="+Inf"})`)).toBe(4);
    expect(names.filter((name) => name.startsWith('http_server_active_requests'))).toHaveLength(1);
  });

  it('target_info has the resource', async () => {
    const [info] = await query(server.url, 'target_info{job="calculator"}');
    expect(info?.labels).toMatchObject({ telemetry_sdk_language: 'python' });
  });
});
