// WatermelonDB: `synchronize` with all the pages as one pull, into LokiJS in memory or SQLite in a file.
import { createRequire } from "node:module";
import { join } from "node:path";
import { COLUMNS, INDEXES, pages, rowsOf } from "./pages.js";

const require = createRequire(import.meta.url);
const { Database, Model, appSchema, tableSchema } = require("@nozbe/watermelondb");
const { synchronize } = require("@nozbe/watermelondb/sync");
require("@nozbe/watermelondb/utils/common/logger").default.silence();

const TYPES = { text: "string", int: "number", bool: "boolean", json: "string" };
const schema = appSchema({
  version: 1,
  tables: Object.entries(COLUMNS).map(([name, columns]) =>
    tableSchema({
      name,
      columns: Object.entries(columns).map(([column, type]) => ({
        name: column, type: TYPES[type], isOptional: true, isIndexed: INDEXES[name].some((one) => one[0] === column),
      })),
    })),
});
const models = Object.keys(COLUMNS).map((name) => class extends Model { static table = name; });
const json = Object.fromEntries(
  Object.entries(COLUMNS).map(([kind, columns]) => [kind, Object.keys(columns).filter((one) => columns[one] === "json")]),
);

function adapterOf(folder, variant) {
  if (variant === "sqlite") {
    const SQLiteAdapter = require("@nozbe/watermelondb/adapters/sqlite").default;
    return new SQLiteAdapter({ dbName: join(folder, "watermelon.db"), schema });
  }
  const LokiJSAdapter = require("@nozbe/watermelondb/adapters/lokijs").default;
  const { LokiMemoryAdapter } = require("lokijs");
  return new LokiJSAdapter({
    dbName: "bench", schema, useWebWorker: false, useIncrementalIndexedDB: false, _testLokiAdapter: new LokiMemoryAdapter(),
    extraLokiOptions: { autosave: false },
  });
}

async function gathered(url) {
  const changes = Object.fromEntries(Object.keys(COLUMNS).map((kind) => [kind, { created: [], updated: [], deleted: [] }]));
  let timestamp = 0;
  for await (const page of pages(url)) {
    for (const [kind, value] of rowsOf(page)) {
      for (const name of json[kind]) value[name] = JSON.stringify(value[name]); // as its @json columns hold them
      changes[kind].created.push(value);
    }
    timestamp = page.cookie.order;
  }
  return { changes, timestamp };
}

export async function open(folder, variant) {
  const database = new Database({ adapter: adapterOf(folder, variant), modelClasses: models });
  await database.adapter.getLocal("ready"); // set up
  return {
    sync: (url) => synchronize({ database, pullChanges: () => gathered(url), pushChanges: async () => {} }),
    async count() {
      const counts = await Promise.all(Object.keys(COLUMNS).map((kind) => database.get(kind).query().fetchCount()));
      return counts.reduce((sum, one) => sum + one, 0);
    },
    close: () => database.write(() => database.unsafeResetDatabase()),
  };
}
