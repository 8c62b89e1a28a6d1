// RxDB on its free memory storage: two collections, each filled by the replication plugin's pull handler.
import { createRxDatabase } from "rxdb/plugins/core";
import { replicateRxCollection } from "rxdb/plugins/replication";
import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import { COLUMNS, INDEXES, pages, rowsOf } from "./pages.js";

const BATCH = 3000;
const TYPES = { text: ["string", "null"], int: ["integer", "null"], bool: ["boolean", "null"], json: ["object", "array", "null"] };
let number = 0;

function schemaOf(kind) {
  const indexed = INDEXES[kind].flat();
  const properties = { id: { type: "string", maxLength: 64 } };
  for (const [name, type] of Object.entries(COLUMNS[kind]))
    properties[name] = indexed.includes(name) ? { type: "string", maxLength: 64 } : { type: TYPES[type] };
  return { version: 0, primaryKey: "id", type: "object", properties, required: ["id", ...indexed], indexes: INDEXES[kind] };
}

// Rows come ordered by kind: what a collection wants is the head of the line until another kind stands there.
class Line {
  #rows = [];
  #at = 0;
  constructor(url) {
    this.source = pages(url);
  }
  async take(kind, most) {
    const taken = [];
    while (taken.length < most) {
      if (this.#at === this.#rows.length) {
        const { value, done } = await this.source.next();
        if (done) break;
        this.#rows = rowsOf(value);
        this.#at = 0;
      }
      const [next, row] = this.#rows[this.#at];
      if (next !== kind) break;
      taken.push({ ...row, _deleted: false });
      this.#at += 1;
    }
    return taken;
  }
}

export async function open() {
  const db = await createRxDatabase({
    name: `bench${process.pid}x${(number += 1)}`, storage: getRxStorageMemory(), multiInstance: false, eventReduce: true,
  });
  const kinds = Object.keys(COLUMNS);
  await db.addCollections(Object.fromEntries(kinds.map((kind) => [kind, { schema: schemaOf(kind) }])));
  return {
    async sync(url) {
      const line = new Line(url);
      for (const kind of kinds) {
        const replication = replicateRxCollection({
          collection: db[kind], replicationIdentifier: `bench-${kind}`, live: false, waitForLeadership: false,
          pull: {
            batchSize: BATCH,
            async handler(checkpoint, batchSize) {
              const documents = await line.take(kind, batchSize);
              return { documents, checkpoint: { done: (checkpoint?.done ?? 0) + documents.length } };
            },
          },
        });
        replication.error$.subscribe((error) => { throw error; });
        await replication.awaitInitialReplication();
      }
    },
    async count() {
      const counts = await Promise.all(kinds.map((kind) => db[kind].count().exec()));
      return counts.reduce((sum, one) => sum + one, 0);
    },
    close: () => db.close(),
  };
}
