// The pages of benchmarks/pages.py, one POST after the other, as every peer here fetches them.
export async function* pages(url) {
  let cookie = null;
  for (;;) {
    const answer = await fetch(`${url}/api/sync/pull`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ cookie }),
    });
    if (!answer.ok) throw new Error(`the page server answered ${answer.status}`);
    const page = await answer.json();
    yield page;
    if (!page.more) return;
    cookie = page.cookie;
  }
}

// The rows of a page as [kind, value].
export const rowsOf = (page) =>
  page.patch.filter((op) => op.op === "put").map((op) => [op.key.slice(0, op.key.indexOf("/")), op.value]);

// Table -> column -> text | int | bool | json, without `id`: of every field of the rows, from our own schema.
export const COLUMNS = JSON.parse(process.env.DAOGOU_BENCH_COLUMNS);
for (const columns of Object.values(COLUMNS)) delete columns.id;

// The same three indexes everywhere; a peer with indexes of one column only takes the first.
export const INDEXES = { customer: [["last_order_at"]], browse_event: [["customer_id", "at"], ["at"]] };
