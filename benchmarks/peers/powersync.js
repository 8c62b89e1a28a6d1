// PowerSync: the same rows as its own sync stream, taken in by its Rust core into a SQLite file.
import { PowerSyncDatabase, Schema, Table, column } from "@powersync/node";
import { COLUMNS, INDEXES } from "./pages.js";

const TYPES = { text: column.text, int: column.integer, bool: column.integer, json: column.text };
const schema = new Schema(
  Object.fromEntries(
    Object.entries(COLUMNS).map(([name, columns]) => [
      name,
      new Table(
        Object.fromEntries(Object.entries(columns).map(([one, type]) => [one, TYPES[type]])),
        { indexes: Object.fromEntries(INDEXES[name].map((some) => [some.join("_"), some])) },
      ),
    ]),
  ),
);

export async function open(folder) {
  const database = { dbFilename: "powersync.db", dbLocation: folder, implementation: { type: "better-sqlite3" }, readWorkerCount: 1 };
  const db = new PowerSyncDatabase({ schema, database });
  await db.waitForReady();
  return {
    async sync(url) {
      const connector = { fetchCredentials: async () => ({ endpoint: url, token: "bench" }), uploadData: async () => {} };
      db.connect(connector, { connectionMethod: "http" });
      await db.waitForFirstSync();
    },
    async count() {
      const counts = await Promise.all(Object.keys(COLUMNS).map((kind) => db.get(`SELECT count(*) AS n FROM ${kind}`)));
      return counts.reduce((sum, one) => sum + one.n, 0);
    },
    async close() {
      await db.disconnect();
      await db.close();
    },
  };
}
