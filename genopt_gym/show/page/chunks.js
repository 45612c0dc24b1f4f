// The large parts of the data: in this document, compressed; or from the server that shows a run which is under way.

const DATA = JSON.parse(byId("data").textContent);
const unpacked = new Map();

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

// The value of that name, or null where there is none.
function chunk(name) {
  if (!unpacked.has(name)) unpacked.set(name, load(name));
  return unpacked.get(name);
}

async function load(name) {
  const held = document.querySelector(`script[data-chunk="${CSS.escape(name)}"]`);
  if (held) return inflate(held.textContent);
  if (!DATA.live) return null;
  const reply = await fetch(`chunk/${name}`);
  if (!reply.ok) {
    unpacked.delete(name);
    return null;
  }
  return reply.json();
}

// Hear of what is new, while the page can be seen: a browser allows few connections to one server.
function following(address, take) {
  if (!DATA.live) return;
  let source = null;
  const listen = () => {
    if (document.hidden && source) source = source.close();
    else if (!document.hidden && !source) {
      source = new EventSource(typeof address === "function" ? address() : address);
      source.addEventListener("news", (event) => take(JSON.parse(event.data)));
    }
  };
  document.addEventListener("visibilitychange", listen);
  listen();
}
