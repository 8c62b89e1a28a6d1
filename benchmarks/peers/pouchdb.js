// PouchDB: `bulkDocs` of a page, in memory or in LevelDB.
import PouchDB from "pouchdb-core";
import leveldb from "pouchdb-adapter-leveldb";
import memory from "pouchdb-adapter-memory";
import { join } from "node:path";
import { pages } from "./pages.js";

PouchDB.plugin(memory).plugin(leveldb);
let number = 0;

export async function open(folder, variant) {
  const name = variant === "leveldb" ? join(folder, "pouch") : `bench-${(number += 1)}`;
  const db = new PouchDB(name, { adapter: variant, auto_compaction: false });
  await db.info();
  return {
    async sync(url) {
      for await (const page of pages(url)) {
        const docs = page.patch.filter((op) => op.op === "put").map((op) => ({ _id: op.key, ...op.value }));
        const results = await db.bulkDocs(docs);
        if (results.some((one) => one.error)) throw new Error("PouchDB refused a document");
      }
    },
    count: async () => (await db.info()).doc_count,
    close: () => db.destroy(),
  };
}
