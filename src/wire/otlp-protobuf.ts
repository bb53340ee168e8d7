/**
 * OTLP protobuf: `ExportMetricsServiceRequest` (proto/opentelemetry). Written as switches on field numbers; a message
 * that comes in parts is merged, as the protobuf encoding asks for.
 */
import { OtlpPointReader } from './otlp-point-protobuf.js';
import type {
  ExponentialPoint, HistogramPoint, KeyValue, NumberPoint, OtlpData, OtlpMetric, OtlpRequest, OtlpResourceMetrics, OtlpScope,
  OtlpScopeMetrics, SummaryPoint,
} from './otlp-types.js';
import { BYTES, VARINT } from './proto-reader.js';

export class OtlpProtobufReader extends OtlpPointReader {
  read(): OtlpRequest {
    const { reader } = this;
    const resourceMetrics: OtlpResourceMetrics[] = [];
    while (reader.next()) {
      if (reader.field === 1 && this.isSelected()) resourceMetrics.push(this.resourceMetrics());
      else reader.skipField();
    }
    return { resourceMetrics, illFormed: this.illFormed };
  }

  private resourceMetrics(): OtlpResourceMetrics {
    const { reader } = this;
    const outer = this.enterSelected();
    const out: OtlpResourceMetrics = { bodyOffset: reader.pos, attributes: [], scopeMetrics: [] };
    while (reader.next()) {
      switch (reader.field) {
        case 1: this.resource(out.attributes); break;
        case 2:
          if (this.isSelected()) out.scopeMetrics.push(this.scopeMetrics());
          else reader.skipField();
          break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    return out;
  }

  private resource(attributes: KeyValue[]): void {
    const { reader } = this;
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1) attributes.push(this.keyValue(0));
      else reader.skipField();
    }
    reader.leave(outer);
  }

  private scopeMetrics(): OtlpScopeMetrics {
    const { reader } = this;
    const out: OtlpScopeMetrics = { scope: { name: '', version: '', schemaUrl: '', attributes: [] }, metrics: [] };
    const outer = reader.enter();
    while (reader.next()) {
      switch (reader.field) {
        case 1: this.scope(out.scope); break;
        case 2:
          if (this.isSelected()) out.metrics.push(this.metric());
          else reader.skipField();
          break;
        case 3: out.scope.schemaUrl = this.text(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    return out;
  }

  private scope(scope: OtlpScope): void {
    const { reader } = this;
    const outer = reader.enter();
    while (reader.next()) {
      switch (reader.field) {
        case 1: scope.name = this.text(); break;
        case 2: scope.version = this.text(); break;
        case 3: scope.attributes.push(this.keyValue(0)); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
  }

  private metric(): OtlpMetric {
    const { reader } = this;
    const metric: OtlpMetric = { name: '', description: '', unit: '', data: { kind: 'none' } };
    const outer = this.enterSelected();
    while (reader.next()) {
      switch (reader.field) {
        case 1: metric.name = this.text(); break;
        case 2: metric.description = reader.expect(BYTES).text(); break;
        case 3: metric.unit = this.text(); break;
        case 5: metric.data = this.gauge(metric.data); break;
        case 7: metric.data = this.sum(metric.data); break;
        case 9: metric.data = this.histogram(metric.data); break;
        case 10: metric.data = this.exponentialHistogram(metric.data); break;
        case 11: metric.data = this.summary(metric.data); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    return metric;
  }

  private gauge(before: OtlpData): OtlpData {
    const { reader } = this;
    const data = before.kind === 'gauge' ? before : { kind: 'gauge' as const, points: [] as NumberPoint[] };
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1 && this.isSelected()) data.points.push(this.numberPoint());
      else reader.skipField();
    }
    reader.leave(outer);
    return data;
  }

  private sum(before: OtlpData): OtlpData {
    const { reader } = this;
    const data = before.kind === 'sum' ? before : { kind: 'sum' as const, points: [] as NumberPoint[], temporality: 0, monotonic: false };
    const outer = reader.enter();
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          if (this.isSelected()) data.points.push(this.numberPoint());
          else reader.skipField();
          break;
        case 2: data.temporality = reader.expect(VARINT).int32(); break;
        case 3: data.monotonic = reader.expect(VARINT).bool(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    return data;
  }

  private histogram(before: OtlpData): OtlpData {
    const { reader } = this;
    const data = before.kind === 'histogram' ? before : { kind: 'histogram' as const, points: [] as HistogramPoint[], temporality: 0 };
    const outer = reader.enter();
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          if (this.isSelected()) data.points.push(this.histogramPoint());
          else reader.skipField();
          break;
        case 2: data.temporality = reader.expect(VARINT).int32(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    return data;
  }

  private exponentialHistogram(before: OtlpData): OtlpData {
    const { reader } = this;
    const data = before.kind === 'exponential_histogram' ? before
      : { kind: 'exponential_histogram' as const, points: [] as ExponentialPoint[], temporality: 0 };
    const outer = reader.enter();
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          if (this.isSelected()) data.points.push(this.exponentialPoint());
          else reader.skipField();
          break;
        case 2: data.temporality = reader.expect(VARINT).int32(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    return data;
  }

  private summary(before: OtlpData): OtlpData {
    const { reader } = this;
    const data = before.kind === 'summary' ? before : { kind: 'summary' as const, points: [] as SummaryPoint[] };
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1 && this.isSelected()) data.points.push(this.summaryPoint());
      else reader.skipField();
    }
    reader.leave(outer);
    return data;
  }
}
