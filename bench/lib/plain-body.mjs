// Remote write 1.0 bodies made cheaply, so that the sender is not what is measured: labels are encoded once, and snappy gets literals.

function varint(out, value) {
  for (; value >= 128; value = Math.floor(value / 128)) out.push((value % 128) | 128);
  out.push(value);
}

function field(out, tag, bytes) {
  out.push(tag);
  varint(out, bytes.length);
  for (const byte of bytes) out.push(byte);
}

/** The label submessages of a series. `labels`: pairs in the order of their names. */
export function encodeLabels(labels) {
  const out = [];
  for (const [name, value] of labels) {
    const label = [];
    field(label, 0x0a, Buffer.from(name));
    field(label, 0x12, Buffer.from(value));
    field(out, 0x0a, label);
  }
  return Buffer.from(out);
}

/** A body with one sample for each series, as a snappy block of literals. `valueOf(i)` is the value of series[i]. */
export function plainBody(series, timestampMs, valueOf) {
  const time = [];
  varint(time, timestampMs);
  const sampleBytes = 9 + 1 + time.length;
  const headers = series.map((labels) => {
    const header = [0x0a];
    varint(header, labels.length + 2 + sampleBytes);
    return header;
  });
  const message = Buffer.alloc(series.reduce((sum, labels, i) => sum + headers[i].length + labels.length + 2 + sampleBytes, 0));
  let at = 0;
  series.forEach((labels, i) => {
    message.set(headers[i], at);
    at += headers[i].length;
    at += labels.copy(message, at);
    message[at++] = 0x12;
    message[at++] = sampleBytes;
    message[at++] = 0x09;
    at = message.writeDoubleLE(valueOf(i), at);
    message[at++] = 0x10;
    message.set(time, at);
    at += time.length;
  });
  return snappyLiterals(message);
}

function snappyLiterals(bytes) {
  const parts = [];
  const size = [];
  varint(size, bytes.length);
  parts.push(Buffer.from(size));
  for (let at = 0; at < bytes.length; at += 65536) {
    const piece = bytes.subarray(at, at + 65536);
    parts.push(Buffer.from([61 << 2, (piece.length - 1) & 255, (piece.length - 1) >> 8]), piece);
  }
  return Buffer.concat(parts);
}
