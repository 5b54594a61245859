export const HELP = `Switchyard: ./dev <verb>

  up [--detach]            start everything; prints the address and a one-time sign-in link
     --tls                 by HTTPS, with a certificate for this machine that is made once
     --port N              the address of the page (8080)
     --sites-port N        the port of published sites, each under a name of its own (8081)
     --chat-ingress-port N --chat-proc-port N --web-ui-port N --secrets-port N
     --proxylogin-port N --exec-port N
     --data DIR            where the data lies (.data)
  down                     end a running stack, in order
  status                   what runs, and how it feels
  token                    print an access token of the running stack
     --user NAME           of whom (dev)
     --type TYPE           registered (default), paid or privileged
  switchyard ...           the command line for bundles, operations and chat; switchyard --help says more
  logs [service]           merged logs, in colour; --follow goes on
  test [suite] [filter]    unit, integration, e2e, browser, chaos, crash; without a name all of them; model, reloads, compose by name
  check                    format, lint, types, boundaries, structure, docs, unused code, unit tests
  bench [name]             measure; without a name lists what can be measured
  compose init             write .env for docker-compose.yml, with new secrets
  doctor                   what is missing on this machine and how to get it
  config                   every setting of every service
  reset                    wipe the data folder, after asking

Servers of your own: REDIS_URL and DATABASE_URL in the environment are used instead of starting one.`;
