// Reads an HdrHistogram log with npm's hdr-histogram-js, merges its intervals by tag, and
// prints what it finds as JSON: node hlog.js latency.hlog 50 99 99.9
const fs = require("fs");
const hdr = require("hdr-histogram-js");

const [, , path, ...percentiles] = process.argv;
const reader = new hdr.HistogramLogReader(fs.readFileSync(path, "utf8"), 64);
const series = {};
const intervals = [];
for (let h = reader.nextIntervalHistogram(); h !== null; h = reader.nextIntervalHistogram()) {
  intervals.push({ tag: h.tag, from: h.startTimeStampMsec, to: h.endTimeStampMsec, n: h.totalCount });
  series[h.tag] ??= hdr.build({
    lowestDiscernibleValue: 1000,
    highestTrackableValue: 3600e9,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 64,
  });
  series[h.tag].add(h);
}
const tags = {};
for (const [tag, h] of Object.entries(series)) {
  tags[tag] = {
    n: h.totalCount,
    percentiles: percentiles.map((p) => h.getValueAtPercentile(Number(p))),
    table: h.outputPercentileDistribution(5, 1e6),
  };
}
console.log(JSON.stringify({ intervals, tags }));
