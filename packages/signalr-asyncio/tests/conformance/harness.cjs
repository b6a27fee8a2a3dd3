// What a case works with: connections in the driver's transport and encoding, the server's controls, and waiting.
"use strict";

const assert = require("node:assert/strict");
const signalR = require("@microsoft/signalr");
const { MessagePackHubProtocol } = require("@microsoft/signalr-protocol-msgpack");

const NO_LOG = { log() {} };

class Bench {
  constructor(settings) {
    this.settings = settings;
    this.url = settings.url;
    this.transport = signalR.HttpTransportType[settings.transport];
    this.packed = settings.protocol === "messagepack";
    this.opened = [];
  }

  // A connection that is not started yet. Options are those of the client, and `reconnect` (delays in milliseconds),
  // `stateful`, `base` (another server's address), `packed` (MessagePack).
  build(path, { reconnect, stateful, base, packed = this.packed, ...options } = {}) {
    const builder = new signalR.HubConnectionBuilder()
      .withUrl((base || this.url) + path, { transport: this.transport, logger: NO_LOG, ...options })
      .configureLogging(NO_LOG);
    if (packed) builder.withHubProtocol(new MessagePackHubProtocol());
    if (reconnect) builder.withAutomaticReconnect(reconnect);
    if (stateful) builder.withStatefulReconnect();
    const connection = builder.build();
    this.opened.push(connection);
    return connection;
  }

  async open(path = "/hubs/open", options = {}) {
    const connection = this.build(path, options);
    await connection.start();
    return connection;
  }

  // Ask the server side of the test for something that a client cannot do.
  async control(action, parameters = {}) {
    const query = new URLSearchParams(parameters);
    const response = await fetch(`${this.url}/control/${action}?${query}`, { method: "POST" });
    assert.equal(response.status, 200, `control/${action} answered ${response.status}`);
    return response.json();
  }

  // A way to the server that can be broken: `swallow`, `cut`, `refuse` and `serve` act on this case's connections only.
  // With `own`, a server of its own is behind it, which `restart` replaces by a new one.
  async proxy({ own = false } = {}) {
    const { id, url } = await this.control("proxy", { own });
    const act = (action) => this.control("proxy-act", { id, action });
    return {
      url,
      swallow: (way) => act(`swallow-${way}`),
      cut: () => act("cut"),
      refuse: () => act("refuse"),
      serve: () => act("serve"),
      restart: () => act("restart"),
    };
  }

  within(milliseconds, promise, text) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(text)), milliseconds);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }

  // Wait until the server's control answers what `wanted` accepts.
  async until(action, parameters, wanted) {
    for (;;) {
      const answer = await this.control(action, parameters);
      if (wanted(answer)) return answer;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async close() {
    await Promise.all(this.opened.map((connection) => this.within(5_000, connection.stop(), "stop took more than 5 s").catch(() => {})));
  }
}

// All items of a stream, or the error that ended it.
function collect(stream) {
  return new Promise((resolve, reject) => {
    const items = [];
    stream.subscribe({ next: (item) => items.push(item), complete: () => resolve(items), error: reject });
  });
}

// The text with which a promise fails.
async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error.message;
  }
  throw new Error("it should have failed");
}

// A promise, and the functions that settle it.
function later() {
  const it = {};
  it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
  return it;
}

module.exports = { Bench, assert, collect, failure, later, signalR };
