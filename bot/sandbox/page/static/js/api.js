// Talks to the demo's server: JSON requests and the persona's event stream.

const params = new URLSearchParams(location.search);

/** The key of the persona this tab acts as, or null until the server has named a default. */
export let persona = params.get("as");

export function setPersona(key) {
  persona = key;
}

/** A request the server refused; `code` is a short machine word, `message` is for people. */
export class ApiError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

async function request(method, path, { query = {}, body } = {}) {
  const search = new URLSearchParams(persona ? { as: persona, ...query } : query);
  let response;
  try {
    response = await fetch(`/api/${path}?${search}`, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError("offline", "The demo's server does not answer. Is make demo still running?");
  }
  const answer = await response.json();
  if (!response.ok) throw new ApiError(answer.error, answer.message);
  return answer;
}

export const get = (path, query) => request("GET", path, { query });
export const post = (path, body) => request("POST", path, { body });

/** Opens the event stream; `handlers` maps an event's name to a function of its data. */
export function listen(handlers, onConnection) {
  const source = new EventSource(`/api/events?${new URLSearchParams({ as: persona })}`);
  source.addEventListener("open", () => onConnection(true));
  source.addEventListener("error", () => onConnection(false));
  for (const [name, handler] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => handler(JSON.parse(event.data)));
  }
}

/** A chosen file as JSON: its name, type and base64 content. */
export function fileJson(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onerror = () => reject(reader.error);
    reader.onload = () => {
      const content = reader.result.slice(reader.result.indexOf(",") + 1);
      resolve({ name: file.name, type: file.type, content });
    };
    reader.readAsDataURL(file);
  });
}
