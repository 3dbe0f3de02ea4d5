// The list of orders: search, filter by state, sort by expiry, page by page. Its settings stand in the address, to be bookmarked.
import { useEffect, useState } from 'preact/hooks';
import { api, type Order, type OrderState } from '../api';
import { href, parseHash, replace } from '../router';
import { canWrite, useUser } from '../session';
import { stateWords } from '../lib/text';
import { Badge, Button, Day, Empty, Loading, Page, Time } from '../ui/basic';
import { Problem } from '../ui/form';
import { useLoad } from '../ui/hooks';

interface Filter { q: string; state: string; sort: string }
const filterOf = (query: URLSearchParams): Filter => ({ q: query.get('q') ?? '', state: query.get('state') ?? '', sort: query.get('sort') ?? '' });

export function OrdersPage({ query, path, all, fixed }: { query: URLSearchParams; path: string; all?: boolean; fixed?: boolean }) {
  const user = useUser();
  const [filter, setFilter] = useState<Filter>(filterOf(query));
  const [typed, setTyped] = useState(filter.q);
  const [trail, setTrail] = useState<string[]>([]);
  const cursor = trail[trail.length - 1] ?? '';
  const older = (to: string) => setTrail(to === cursor ? trail : [...trail, to]); // a second click finds the page before still there
  const list = useLoad(() => api.orders({ ...filter, cursor, limit: 25, all: all ? '1' : '' }), [filter.q, filter.state, filter.sort, cursor, all]);
  const change = (part: Partial<Filter>) => {
    const next = { ...filter, ...part };
    setFilter(next);
    setTrail([]);
    if (!fixed) replace(path, { q: next.q, state: next.state, sort: next.sort });
  };
  // A link to this list as it is without search, while a search is shown.
  useEffect(() => {
    const changed = () => {
      const to = parseHash(location.hash);
      if (fixed || to.path !== path) return;
      const next = filterOf(to.query);
      setFilter(next);
      setTyped(next.q);
      setTrail([]);
    };
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, [path, fixed]);
  useEffect(() => { const timer = setTimeout(() => { if (typed !== filter.q) change({ q: typed.trim() }); }, 300); return () => clearTimeout(timer); }, [typed]);

  const title = fixed ? 'Vetting queue' : all ? 'All orders' : 'Orders';
  const start = canWrite(user) && !all && <a role="button" href={href('/orders/new')}>New order</a>;
  const filtered = Boolean(filter.q || (filter.state && !fixed));
  return (
    <Page title={title} actions={start} lead={fixed ? 'Orders whose organisation waits for a decision.' : undefined}>
      <Filters filter={filter} typed={typed} setTyped={setTyped} change={change} fixed={fixed} />
      {list.error && <Problem error={list.error} />}
      {!list.data && list.loading && <Loading what="orders" />}
      {list.data && (list.data.orders.length ? <OrderTable orders={list.data.orders} busy={list.loading} /> : <Nothing filtered={filtered} fixed={fixed} />)}
      <div class="pager">
        {trail.length > 0 && <Button kind="secondary" busy={list.loading} onClick={() => setTrail(trail.slice(0, -1))}>Newer page</Button>}
        {list.data?.next_cursor && <Button kind="secondary" busy={list.loading} onClick={() => older(list.data?.next_cursor ?? '')}>Next page</Button>}
      </div>
    </Page>
  );
}

function Filters({ filter, typed, setTyped, change, fixed }: {
  filter: Filter; typed: string; setTyped: (v: string) => void; change: (part: Partial<Filter>) => void; fixed?: boolean;
}) {
  return (
    <form class="filters" role="search" aria-label="Orders" onSubmit={(e) => { e.preventDefault(); change({ q: typed.trim() }); }}>
      <label>Search<input type="search" name="q" value={typed} placeholder="name, order id or serial number" onInput={(e) => setTyped(e.currentTarget.value)} /></label>
      {!fixed && (
        <label>State
          <select name="state" value={filter.state} onChange={(e) => change({ state: e.currentTarget.value })}>
            <option value="">All states</option>
            {(Object.keys(stateWords) as OrderState[]).map((s) => <option key={s} value={s} selected={s === filter.state}>{stateWords[s]}</option>)}
          </select>
        </label>
      )}
      <label>Sort by
        <select name="sort" value={filter.sort} onChange={(e) => change({ sort: e.currentTarget.value })}>
          <option value="">Newest first</option>
          <option value="expires" selected={filter.sort === 'expires'}>Expires first</option>
        </select>
      </label>
    </form>
  );
}

function OrderTable({ orders, busy }: { orders: Order[]; busy: boolean }) {
  return (
    <table class="stack" aria-busy={busy ? 'true' : undefined}>
      <thead><tr><th scope="col">Names</th><th scope="col">State</th><th scope="col">Product</th><th scope="col">Expires</th><th scope="col">Ordered</th></tr></thead>
      <tbody>
        {orders.map((o) => {
          const names = o.names_unicode?.length ? o.names_unicode : o.names;
          const live = o.certificates?.find((c) => c.state === 'valid');
          return (
            <tr key={o.id}>
              <th scope="row" data-label="Names"><a href={href(`/orders/${o.id}`)}>{names[0]}</a>{names.length > 1 && <span class="muted"> and {names.length - 1} more</span>}</th>
              <td data-label="State"><Badge state={o.state} />{o.waiting && <small class="muted"> waiting</small>}</td>
              <td data-label="Product">{o.product}</td>
              <td data-label="Expires">{live ? <Day at={live.not_after} /> : <span class="muted">no certificate</span>}</td>
              <td data-label="Ordered"><Time at={o.created_at} /></td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Nothing({ filtered, fixed }: { filtered: boolean; fixed?: boolean }) {
  if (fixed) return <Empty><p>Nothing waits for a decision.</p></Empty>;
  if (filtered) return <Empty><p>No order fits this search.</p></Empty>;
  return <Empty><h2>No orders yet</h2><p>A certificate lets browsers trust your server. You need only the names of your site; we make the rest.</p><a role="button" href={href('/orders/new')}>Order your first certificate</a></Empty>;
}
