// Starts the page: loads the world, follows the event stream, and draws every part when something changed.
import * as api from "./api.js";
import { Composer } from "./composer.js";
import { followNewest, renderMessages } from "./messages.js";
import { Panel } from "./panel.js";
import { renderSidebar } from "./sidebar.js";
import * as store from "./store.js";
import { refreshRelative } from "./timestamps.js";
import { renderNotice, renderTopbar } from "./topbar.js";
import { renderWelcome } from "./welcome.js";

const { state } = store;
const byId = (id) => document.getElementById(id);
const app = byId("app");

function drawer(name) {
  app.dataset.drawer = name;
  byId(name).querySelector(".drawer-close").focus();
}

function closeDrawers() {
  const opener = { sidebar: ".drawer-open", panel: ".panel-open" }[app.dataset.drawer];
  app.dataset.drawer = "";
  if (opener) byId("topbar").querySelector(opener).focus();
}

const composer = new Composer(byId("composer"));
const panel = new Panel(byId("panel"), { onClose: closeDrawers });

function togglePanel() {
  if (matchMedia("(max-width: 1000px)").matches) drawer("panel");
  else app.classList.toggle("panel-hidden");
}

/** Runs `render` only when what it shows differs: an open menu and the focus survive other changes. */
function whenDifferent(shown, render) {
  let last = null;
  return () => {
    const now = JSON.stringify(shown());
    if (now !== last) render();
    last = now;
  };
}

const around = () => [state.world, state.channelId, store.channels().filter(store.unread).map((one) => one.id)];
const drawSidebar = () => renderSidebar(byId("sidebar"), { onChoose: closeDrawers });
const followSidebar = whenDifferent(around, drawSidebar);
const followTopbar = whenDifferent(around, () => renderTopbar(byId("topbar"), { onMenu: () => drawer("sidebar"), onPanel: togglePanel }));

// What moves away under a pressed pointer is not clicked: news wait until it is let go.
let pressed = false;

function press() {
  pressed = true;
}

function release() {
  pressed = false;
  // The click comes after the pointer has gone up.
  setTimeout(draw);
}

function draw() {
  if (!state.world || pressed) return;
  followSidebar();
  followTopbar();
  renderNotice(byId("notice"));
  renderMessages(byId("messages"));
  composer.follow();
  panel.follow();
  document.title = `${store.channel(state.channelId)?.name ?? "Mooring"} as ${state.world.me.name} | Mooring demo`;
}

async function refreshMail() {
  state.mail = (await api.get("mail")).messages;
  store.changed();
}

async function refreshProvider() {
  state.provider = await api.get("provider");
  store.changed();
}

async function refreshWorld() {
  await store.loadWorld();
  if (!state.channelId) await openFirst();
}

async function openFirst() {
  const first = store.channels().find((one) => one.type === 0) ?? state.world.dm;
  if (first) await store.openChannel(first.id);
}

async function onConnection(connected) {
  const back = connected && !state.connected;
  state.connected = connected;
  store.changed();
  if (back) await Promise.all([refreshWorld(), store.loadMessages(state.channelId), refreshMail(), refreshProvider()]);
}

async function start() {
  await store.loadWorld();
  api.listen({
    world: refreshWorld,
    message: store.upsertMessage,
    "message-gone": store.removeMessage,
    mail: refreshMail,
    provider: refreshProvider,
  }, onConnection);
  const wanted = new URLSearchParams(location.search).get("channel");
  if (wanted && store.channel(wanted)) await store.openChannel(wanted);
  else await openFirst();
  renderWelcome(byId("welcome"));
  await Promise.all([refreshMail(), refreshProvider()]);
}

followNewest(byId("messages"), byId("scroller"));
store.subscribe(draw);
addEventListener("pointerdown", press, { capture: true });
addEventListener("pointerup", release, { capture: true });
addEventListener("pointercancel", release, { capture: true });
addEventListener("blur", release);
store.subscribe(() => {
  if (!state.world || !state.channelId) return;
  const query = new URLSearchParams({ as: state.world.me.key, channel: state.channelId });
  history.replaceState(null, "", `/?${query}`);
});
byId("scrim").addEventListener("click", closeDrawers);
byId("sidebar").addEventListener("fold", drawSidebar);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) closeDrawers();
});
setInterval(refreshRelative, 10_000);
start().catch((error) => {
  byId("notice").textContent = error.message;
  throw error;
});
