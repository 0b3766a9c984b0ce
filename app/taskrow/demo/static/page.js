"use strict";

/* The page of the demo: asks /recent again and again, and shows each task as one row.

   Rows are changed in place, never made anew, so that focus and selection stay where they are.
   What tasks say is only ever set as text. */

const POLL = 500;          // ms between two looks while something is going on
const IDLE = 2500;         // ms while nothing is
const SILENCE = 10_000;    // ms without news until we say so

const find = (id) => document.getElementById(id);
const rows = new Map();    // task id -> Row
let firstLook = true;
let timer = null;
let looking = false;
let again = false;         // something happened while we looked
let deaf = false;          // the web server does not answer

class Row {
  constructor(task) {
    this.node = find("row").content.firstElementChild.cloneNode(true);
    this.parts = {};
    for (const part of this.node.querySelectorAll("[class]")) {
      this.parts[part.className] = part;
    }
    this.bar = this.node.querySelector("progress");
    this.label(task);
    this.heard = performance.now();
    this.said = "";
  }

  /* The links say the same in each row; a screen reader hears which row is meant. */
  label(task) {
    const which = `${task.name}, submitted ${clock(task.created_at)}`;
    const { name, json, status } = this.parts;
    name.textContent = task.name;
    json.href = task.links.self;
    status.href = task.links.status;
    this.bar.setAttribute("aria-label", which);
    json.setAttribute("aria-label", `JSON of ${which}`);
    status.setAttribute("aria-label", `status of ${which}`);
  }

  update(task, now, worker) {
    const news = JSON.stringify([task.status, task.attempt, task.progress]);
    if (news !== this.said) {
      this.tell(task);
      this.heard = performance.now();
      this.said = news;
    }
    this.task = task;
    this.node.dataset.status = task.status;
    this.show(task, now, worker);
  }

  /* Announce what a person who cannot see the bar would want to hear, and no more. */
  tell(task) {
    const before = this.task;
    if (firstLook || !before) return;
    if (task.attempt > 1 && task.attempt !== before.attempt) {
      announce(`${task.name}: its worker was lost; attempt ${task.attempt} begins.`);
    } else if (task.status !== before.status) {
      announce(`${task.name}: ${task.status}.`);
    } else if (percent(before) < 50 && percent(task) >= 50) {
      announce(`${task.name}: half of it is done.`);
    }
  }

  show(task, now, worker) {
    const { attempt, says, news, state, times } = this.parts;
    write(attempt, task.attempt ? `attempt ${task.attempt}` : "");
    attempt.classList.toggle("again", task.attempt > 1);
    write(says, sayingOf(task, this, worker));
    write(news, this.silence(task, worker));
    write(state, task.status);
    write(times, timesOf(task, now));
    this.showBar(task);
  }

  showBar(task) {
    const done = percent(task);
    write(this.parts.percent, done === null ? "" : `${done} %`);
    if (done !== null) {
      this.bar.value = done;
    } else if (task.status === "running") {
      this.bar.removeAttribute("value");
    } else {
      this.bar.value = 0;
    }
  }

  silence(task, worker) {
    if (task.status !== "running") return "";
    if (!worker) return "No worker in sight; it goes on when there is one.";
    const silent = performance.now() - this.heard;
    return silent < SILENCE ? "" : `No news for ${span(silent)}: is a worker running?`;
  }

  /* The answer of a view is read once, from where any client reads it. */
  async fetchAnswer(task) {
    const { status, content_type: type } = task.response;
    this.answer = `answered with ${status}`;
    if (status >= 400 || !type.startsWith("text/plain")) return;
    const reply = await fetch(task.links.status);
    this.answer += `: ${(await reply.text()).slice(0, 200)}`;
    write(this.parts.says, this.answer);
  }
}

/* -- what a task says ------------------------------------------------------------------------ */

const isOver = (task) => task.finished_at !== null;

function percent(task) {
  if (task.status === "succeeded") return 100;
  if (task.kind === "view") return null;
  return task.progress?.percent ?? null;
}

function sayingOf(task, row, worker) {
  if (task.response) return sayingOfView(task, row);
  if (task.status === "succeeded") return sayingOfResult(task.result);
  if (task.error && isOver(task)) return `${task.error.type}: ${task.error.message}`;
  if (task.status === "running") return task.progress?.status ?? "at work";
  if (task.status === "cancelled") return "cancelled";
  if (!worker) return "waits for a worker";
  return task.attempt ? "its worker was lost; it runs again at once" : "waits for its turn";
}

function sayingOfView(task, row) {
  if (row.answer === undefined) row.fetchAnswer(task).catch(() => { row.answer = undefined; });
  return row.answer;
}

function sayingOfResult(result) {
  if (result === null || typeof result !== "object") return `Result: ${JSON.stringify(result)}`;
  return `${result.status ?? ""} Result: ${JSON.stringify(result.result ?? result)}`.trim();
}

function timesOf(task, now) {
  const at = (text) => Date.parse(text);
  const parts = [`submitted ${clock(task.created_at)}`];
  if (isOver(task)) {
    if (task.started_at) parts.push(`took ${span(at(task.finished_at) - at(task.started_at))}`);
    if (task.attempt > 1) parts.push(`${span(at(task.finished_at) - at(task.created_at))} in all`);
  } else if (task.status === "running") {
    parts.push(`at work for ${span(now - at(task.started_at))}`);
  } else {
    parts.push(`waiting for ${span(now - at(task.created_at))}`);
  }
  return parts.join(" · ");
}

const clock = (text) => new Date(text).toLocaleTimeString();

/* A number and its unit stay on one line. */
function span(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)}\u00a0s`;
  return `${Math.floor(seconds / 60)}\u00a0min ${Math.floor(seconds % 60)}\u00a0s`;
}

/* -- the page -------------------------------------------------------------------------------- */

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function announce(text) {
  write(find("notice"), text);
}

function showFeed(feed) {
  const now = Date.parse(feed.now);
  for (const task of [...feed.tasks].reverse()) {
    if (!rows.has(task.id)) {
      const row = new Row(task);
      rows.set(task.id, row);
      find("list").prepend(row.node);
    }
    rows.get(task.id).update(task, now, feed.worker);
  }
  forget(new Set(feed.tasks.map((task) => task.id)));
  find("empty").hidden = rows.size > 0;
  showWorker(feed.worker);
  showTitle(feed.tasks);
  firstLook = false;
}

function forget(shown) {
  for (const [id, row] of rows) {
    if (shown.has(id) || row.node.contains(document.activeElement)) continue;
    row.node.remove();
    rows.delete(id);
  }
}

function showWorker(pid) {
  write(find("worker"), pid ? `worker: pid ${pid}` : "no worker in sight");
  find("worker").classList.toggle("none", !pid);
  write(find("kill"), pid ? `kill -9 ${pid}` : "(no worker in sight)");
}

function showTitle(tasks) {
  const newest = tasks.find((task) => task.status === "running" && percent(task) !== null);
  document.title = newest ? `${percent(newest)} % · taskrow demo` : "taskrow demo";
}

async function look() {
  again = looking;         // one at a time: an answer that is overtaken would turn bars back
  if (looking) return;
  looking = true;
  clearTimeout(timer);
  const pause = await askOnce();
  looking = false;
  timer = setTimeout(look, again ? 0 : document.hidden ? 4 * IDLE : pause);
}

async function askOnce() {
  try {
    const reply = await fetch("/recent", { cache: "no-store" });
    if (!reply.ok) throw new Error(`the web server says ${reply.status}`);
    const feed = await reply.json();
    hear(true);
    showFeed(feed);
    return feed.tasks.every(isOver) ? IDLE : POLL;
  } catch (error) {
    hear(false);
    return IDLE;
  }
}

function hear(answered) {
  if (answered === deaf) {
    announce(answered ? "The web server answers again."
      : "The web server does not answer; asking again. Nothing is lost meanwhile.");
  }
  deaf = !answered;
  find("notice").classList.toggle("alarm", deaf);
}

async function submit(path, method) {
  try {
    const reply = await fetch(path, { method });
    if (reply.status !== 202) throw new Error(`the web server says ${reply.status}`);
    announce("Submitted: 202, the row is on the disk.");
  } catch (error) {
    announce(`Not submitted: ${error.message}.`);
  }
  look();
}

/* What stands in the page's own address goes with it: /?steps=100&pause=1 makes longer tasks. */
const startOne = () => submit(`/longtask${location.search}`, "POST");

find("one").addEventListener("click", startOne);
find("five").addEventListener("click", () => {
  for (let n = 0; n < 5; n += 1) startOne();
});
find("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  submit(`/answer/${encodeURIComponent(find("question").value)}`, "GET");
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
look();
