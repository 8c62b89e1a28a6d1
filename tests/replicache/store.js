// A key-value store of Replicache in files: one JSON file per store, replaced in one step at each commit.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const freeze = (value) => {
  if (value !== null && typeof value === "object" && !Object.isFrozen(value)) {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
};

// Stores of the same name share rows and a lock: transactions wait for each other in turn.
const open = new Map();

function sharedAt(path) {
  if (!open.has(path)) {
    const rows = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
    open.set(path, { rows: new Map(Object.entries(rows).map(([k, v]) => [k, freeze(v)])), tail: Promise.resolve() });
  }
  return open.get(path);
}

class Transaction {
  closed = false;
  #changes = new Map();
  constructor(shared, path, release) {
    Object.assign(this, { shared, path, releaseLock: release });
  }
  async has(key) {
    return (await this.get(key)) !== undefined;
  }
  async get(key) {
    return this.#changes.has(key) ? this.#changes.get(key) : this.shared.rows.get(key);
  }
  async put(key, value) {
    this.#changes.set(key, freeze(value));
  }
  async del(key) {
    this.#changes.set(key, undefined);
  }
  async commit() {
    for (const [key, value] of this.#changes) {
      if (value === undefined) this.shared.rows.delete(key);
      else this.shared.rows.set(key, value);
    }
    writeFileSync(`${this.path}.part`, JSON.stringify(Object.fromEntries(this.shared.rows)));
    renameSync(`${this.path}.part`, this.path);
    this.release();
  }
  release() {
    if (!this.closed) {
      this.closed = true;
      this.releaseLock();
    }
  }
}

class FileStore {
  closed = false;
  constructor(path) {
    this.path = path;
    this.shared = sharedAt(path);
  }
  async #begin() {
    const before = this.shared.tail;
    let release;
    this.shared.tail = new Promise((resolve) => (release = resolve));
    await before;
    return new Transaction(this.shared, this.path, release);
  }
  read() {
    return this.#begin();
  }
  write() {
    return this.#begin();
  }
  async close() {
    this.closed = true;
  }
}

export function fileStores(folder) {
  mkdirSync(folder, { recursive: true });
  const at = (name) => join(folder, `${encodeURIComponent(name)}.json`);
  return {
    create: (name) => new FileStore(at(name)),
    drop: async (name) => {
      open.delete(at(name));
      rmSync(at(name), { force: true });
    },
  };
}
