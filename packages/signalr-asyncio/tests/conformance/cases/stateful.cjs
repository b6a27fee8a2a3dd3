"use strict";

const { assert, collect, later } = require("../harness.cjs");

const ONLY = ["WebSockets"];
const STATEFUL = "/hubs/stateful";

module.exports = [
  {
    name: "calls that were lost on the way to the server are sent again",
    transports: ONLY,
    async run(bench) {
      const proxy = await bench.proxy();
      const connection = await bench.open(STATEFUL, { base: proxy.url, stateful: true });
      const id = connection.connectionId;
      assert.equal(await connection.invoke("Next", "up"), 1);
      await proxy.swallow("up");
      const lost = [2, 3, 4].map(() => connection.invoke("Next", "up"));
      await proxy.cut();
      assert.deepEqual(await Promise.all(lost), [2, 3, 4]);
      assert.equal(connection.connectionId, id);
      assert.equal(await connection.invoke("Next", "up"), 5);
    },
  },
  {
    name: "answers and messages that were lost on the way to the client are sent again",
    transports: ONLY,
    async run(bench) {
      const proxy = await bench.proxy();
      const connection = await bench.open(STATEFUL, { base: proxy.url, stateful: true });
      const heard = [];
      const last = later();
      connection.on("Number", (number) => {
        heard.push(number);
        if (number === 9) last.resolve();
      });
      await connection.invoke("Numbers", 0, 3);
      await proxy.swallow("down");
      const lost = connection.invoke("Numbers", 3, 7);
      await bench.until("numbered", { id: connection.connectionId }, (count) => count === 7);
      await proxy.cut();
      await lost;
      await connection.invoke("Numbers", 7, 10);
      await last.promise;
      assert.deepEqual(heard, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    },
  },
  {
    name: "what was lost both ways arrives once and in order, again and again",
    transports: ONLY,
    async run(bench) {
      const proxy = await bench.proxy();
      const connection = await bench.open(STATEFUL, { base: proxy.url, stateful: true });
      const heard = [];
      connection.on("Number", (number) => heard.push(number));
      for (let round = 0; round < 4; round++) {
        await connection.invoke("Next", "both");
        if (round % 2) await proxy.swallow("down");
        const answers = [connection.invoke("Numbers", round * 10, round * 10 + 10), connection.invoke("Next", "both")];
        if (round > 1) await proxy.swallow("up");
        answers.push(connection.invoke("Next", "both"));
        await proxy.cut();
        const [, second, third] = await Promise.all(answers);
        assert.deepEqual([second, third], [3 * round + 2, 3 * round + 3]);
      }
      assert.deepEqual(heard, Array.from({ length: 40 }, (_, index) => index));
    },
  },
  {
    name: "a stream goes on where it was cut",
    transports: ONLY,
    async run(bench) {
      const proxy = await bench.proxy();
      const connection = await bench.open(STATEFUL, { base: proxy.url, stateful: true });
      const items = [];
      const ended = new Promise((complete, error) => {
        connection.stream("CountSlowly", 60).subscribe({ next: (item) => items.push(item), complete, error });
      });
      for (let cuts = 0; cuts < 3; cuts++) {
        // A cut while the client still connects would end the connection; an item says that it is back.
        const before = items.length;
        while (items.length === before && items.length < 60) {
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        await proxy.swallow("down");
        await new Promise((resolve) => setTimeout(resolve, 30));
        await proxy.cut();
      }
      await ended;
      assert.deepEqual(items, Array.from({ length: 60 }, (_, index) => index));
    },
  },
  {
    name: "the hub sees one connection all the while",
    transports: ONLY,
    async run(bench) {
      const proxy = await bench.proxy();
      const connection = await bench.open(STATEFUL, { base: proxy.url, stateful: true });
      const id = await connection.invoke("ConnectionId");
      await proxy.cut();
      assert.equal(await connection.invoke("ConnectionId"), id);
      assert.equal((await bench.control("disconnected", { id })).gone, false);
      await connection.stop();
      await bench.until("disconnected", { id }, (answer) => answer.gone);
    },
  },
  {
    name: "a hub that does not allow it gives an ordinary connection",
    transports: ONLY,
    async run(bench) {
      const connection = await bench.open("/hubs/open", { stateful: true });
      assert.equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
];
