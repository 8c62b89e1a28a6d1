// Replicache in memory. Its own puller, a pull a page; or a puller that gathers the pages into one answer.
import { Replicache, TEST_LICENSE_KEY } from "replicache";
import { pages } from "./pages.js";

let number = 0;

const answered = (response) => ({ response, httpRequestInfo: { httpStatusCode: 200, errorMessage: "" } });
const nothing = async ({ cookie }) => answered({ cookie, lastMutationIDChanges: {}, patch: [] });

async function gathered(url) {
  const patch = [];
  let last;
  for await (const page of pages(url)) {
    for (const op of page.patch) patch.push(op);
    last = page;
  }
  return { cookie: last.cookie, lastMutationIDChanges: last.lastMutationIDChanges, patch };
}

export async function open(_folder, variant) {
  let more = false;
  let source = null;
  const pullers = {
    one: async () => answered(await gathered(source)),
    pages: async ({ cookie }) => {
      const answer = await fetch(`${source}/api/sync/pull`, { method: "POST", body: JSON.stringify({ cookie }) });
      const page = await answer.json();
      more = page.more;
      return answered(page);
    },
  };
  const rep = new Replicache({
    name: `bench-${process.pid}-${(number += 1)}`,
    licenseKey: TEST_LICENSE_KEY,
    kvStore: "mem",
    puller: (body) => (source ? pullers[variant](body) : nothing(body)),
    pullInterval: null,
    logLevel: "error",
    logSinks: [],
  });
  await rep.query(() => {});
  await new Promise((resolve) => setTimeout(resolve, 50)); // its first pull, which gets nothing, is over
  return {
    async sync(url) {
      source = url;
      do await rep.pull({ now: true });
      while (more);
    },
    count: () => rep.query(async (tx) => (await tx.scan().keys().toArray()).length),
    close: () => rep.close(),
  };
}
