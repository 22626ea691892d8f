// Reads an answer of the helper as it comes: server-sent events of a POST, which can be cancelled.

// Calls delta(text), again(reason), done(suggestion) or failed(message); `cancelled` where the signal ended it.
export async function ask(url, body, signal, calls) {
  let ended = false;
  try {
    const answer = await fetch(url, {
      method: "POST",
      body,
      signal,
      headers: { Accept: "text/event-stream", "HX-Request": "true" },
    });
    if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      calls.failed("");
      return;
    }
    for await (const [name, said] of events(answer.body)) {
      if (name === "delta") calls.delta(said.text);
      if (name === "again") calls.again(said.reason);
      if (name === "done") calls.done(said);
      if (name === "failed") calls.failed(said.message);
      ended ||= name === "done" || name === "failed";
    }
    if (!ended) calls.failed("");
  } catch (error) {
    if (error.name === "AbortError") calls.cancelled();
    else calls.failed("");
  }
}

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = read(block);
      if (event) yield event;
    }
  }
}

function read(block) {
  const lines = block.split("\n");
  const name = lines.find((line) => line.startsWith("event: "))?.slice(7);
  const content = lines.find((line) => line.startsWith("data: "))?.slice(6);
  return name && content ? [name, JSON.parse(content)] : null;
}

// Puts a text into a field as if it had been typed; returns how to take it back.
export function put(field, text) {
  const before = field.value;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  return () => {
    field.value = before;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };
}
