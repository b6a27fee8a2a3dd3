"use strict";

const { assert, failure, later } = require("../harness.cjs");

const GUARDED = "/hubs/guarded";

module.exports = [
  {
    name: "a token from a plain function is accepted",
    async run(bench) {
      const connection = await bench.open(GUARDED, { accessTokenFactory: () => "good-ann" });
      assert.equal(await connection.invoke("User"), "ann");
    },
  },
  {
    name: "a token from an async function is accepted",
    async run(bench) {
      const connection = await bench.open(GUARDED, { accessTokenFactory: async () => "good-ann" });
      assert.equal(await connection.invoke("User"), "ann");
    },
  },
  {
    name: "no token, or a wrong one, is answered with 401",
    async run(bench) {
      assert.match(await failure(bench.open(GUARDED)), /401/);
      assert.match(await failure(bench.open(GUARDED, { accessTokenFactory: () => "bad" })), /401/);
    },
  },
  {
    name: "a method that the user may not call is refused",
    async run(bench) {
      const connection = await bench.open(GUARDED, { accessTokenFactory: () => "good-ann" });
      assert.equal(await failure(connection.invoke("AdminOnly")), "Failed to invoke 'AdminOnly' because user is unauthorized");
      const admin = await bench.open(GUARDED, { accessTokenFactory: () => "good-root" });
      assert.equal(await admin.invoke("AdminOnly"), "done");
    },
  },
  {
    name: "a message to a user reaches all of the user's connections",
    async run(bench) {
      const user = `u${Math.floor(Math.random() * 1e9)}`;
      const options = { accessTokenFactory: () => `good-${user}` };
      const heard = [later(), later()];
      for (const entry of heard) {
        const connection = await bench.open(GUARDED, options);
        connection.on("Private", entry.resolve);
      }
      const sender = await bench.open(GUARDED, { accessTokenFactory: () => "good-ann" });
      await sender.invoke("TellUser", user, "you");
      assert.deepEqual(await Promise.all(heard.map((entry) => entry.promise)), ["you", "you"]);
    },
  },
  {
    name: "a reconnect asks for the token again",
    async run(bench) {
      const proxy = await bench.proxy();
      let asked = 0;
      const connection = await bench.open(GUARDED, {
        base: proxy.url,
        reconnect: [0, 20, 50],
        accessTokenFactory: () => `good-ann.${++asked}`,
      });
      const before = asked;
      const back = later();
      connection.onreconnected(back.resolve);
      await proxy.cut();
      await back.promise;
      assert.ok(asked > before, "the factory was not asked again");
      assert.equal(await connection.invoke("User"), "ann");
    },
  },
  {
    name: "a connection ends when its proof expires",
    async run(bench) {
      const connection = bench.build(GUARDED, { accessTokenFactory: () => "brief-ann" });
      const closed = new Promise((resolve) => connection.onclose(resolve));
      await connection.start();
      await closed;
      assert.equal(connection.state, "Disconnected");
    },
  },
  {
    name: "a token that was revoked ends long polling, and the reconnect brings a new one",
    transports: ["LongPolling"],
    async run(bench) {
      const token = `good-ann.${Math.random()}`;
      let current = token;
      const connection = await bench.open(GUARDED, {
        reconnect: [0, 20, 50],
        accessTokenFactory: () => current,
      });
      const [lost, back] = [later(), later()];
      connection.onreconnecting(lost.resolve);
      connection.onreconnected(back.resolve);
      await bench.control("revoke", { token });
      current = "good-ann.new";
      // The poll that waits is still answered; the next one is refused.
      await bench.control("poke", { id: connection.connectionId });
      assert.match((await lost.promise).message, /401/);
      await back.promise;
      assert.equal(await connection.invoke("User"), "ann");
    },
  },
  {
    name: "headers of the client come with every request",
    async run(bench) {
      const connection = await bench.open("/hubs/open", { headers: { "X-Trace": "t-1" } });
      await connection.invoke("Nothing");
      const requests = await bench.control("requests", { id: connection.connectionId });
      assert.ok(requests.length > 0);
      assert.deepEqual([...new Set(requests.map((request) => request.trace))], ["t-1"]);
    },
  },
  {
    name: "cookies of the negotiation come back with every request",
    async run(bench) {
      const connection = await bench.open("/sticky/hubs/open");
      await connection.invoke("Nothing");
      const requests = await bench.control("requests", { id: connection.connectionId });
      assert.ok(requests.length > 0);
      // The client repeats the attributes on some transports; what counts comes first.
      assert.ok(requests.every((request) => /^node=node-7(;|$)/.test(request.cookie)), JSON.stringify(requests));
    },
  },
  {
    name: "a token is nowhere in the messages nor in the log",
    async run(bench) {
      const connection = await bench.open(GUARDED, { accessTokenFactory: () => "good-secret4711" });
      await connection.invoke("User");
      await connection.stop();
      assert.equal((await bench.control("logged", { text: "good-secret4711" })).found, false);
    },
  },
];
