// The frame around every page: navigation, and which page belongs to which address.
import { type ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { SessionProvider, useSession } from './session';
import { go, href, useLocation, type Location } from './router';
import { Loading, Alert } from './ui/basic';
import { LoginPage } from './pages/login';
import { AcceptPage, ConfirmPage, RegisterPage } from './pages/register';
import { ResetPage, ResetConfirmPage } from './pages/reset';
import { OrdersPage } from './pages/orders';
import { NewOrderPage } from './pages/new-order';
import { OrderPage } from './order/page';
import { CheckPage } from './pages/check';
import { AccountPage } from './pages/account';
import { UsersPage } from './pages/users';
import { TokensPage } from './pages/tokens';
import { SecurityPage } from './pages/security';
import { OrganisationsPage } from './pages/organisations';
import { AuditPage } from './pages/audit';
import { StatusPage } from './pages/status';
import { ProductsPage } from './pages/products';
import { IssuersPage } from './pages/issuers';
import { AcmePage } from './pages/acme';
import { AcmeTermsPage } from './pages/acme-terms';
import { CaPage } from './pages/ca';
import { NotFound } from './pages/not-found';

function publicPage({ parts }: Location) {
  const [first, token] = parts;
  switch (first) {
    case 'login': return <LoginPage />;
    case 'register': return <RegisterPage />;
    case 'confirm': return <ConfirmPage token={token ?? ''} />;
    case 'invite': return <AcceptPage token={token ?? ''} />;
    case 'reset': return token ? <ResetConfirmPage token={token} /> : <ResetPage />;
    case 'check': return <CheckPage />;
    case 'ca': return <CaPage />;
    case 'acme-terms': return <AcmeTermsPage token={token ?? ''} />;
    default: return null;
  }
}

function privatePage({ parts, query }: Location, admin: boolean) {
  const [first, second] = parts;
  switch (`${first ?? ''}/${second ?? ''}`) {
    case '/': case 'orders/': return <OrdersPage key="own" query={query} path="/orders" />;
    case 'orders/new': return <NewOrderPage />;
    case 'account/': return <AccountPage />;
    case 'account/users': return <UsersPage />;
    case 'account/tokens': return <TokensPage />;
    case 'account/security': return <SecurityPage />;
    case 'account/organisations': return <OrganisationsPage />;
    case 'account/acme': return <AcmePage />;
    case 'account/activity': return <AuditPage all={false} key="mine" />;
  }
  if (first === 'orders' && second) return <OrderPage key={second} id={second} />;
  if (!admin || first !== 'admin') return <NotFound />;
  switch (second) {
    case 'orders': return <OrdersPage key="all" query={query} path="/admin/orders" all />;
    case 'vetting': return <OrdersPage key="vetting" query={new URLSearchParams({ state: 'vetting' })} path="/admin/vetting" all fixed />;
    case 'products': return <ProductsPage />;
    case 'issuers': return <IssuersPage />;
    case 'users': return <UsersPage all />;
    case 'audit': return <AuditPage all key="all" />;
    case 'status': case undefined: return <StatusPage />;
    default: return <NotFound />;
  }
}

function Link({ to, at, children, exact }: { to: string; at: string; children: ComponentChildren; exact?: boolean }) {
  const here = exact ? at === to : at === to || at.startsWith(`${to}/`);
  return <a href={href(to)} aria-current={here ? 'page' : undefined}>{children}</a>;
}

function Header({ at }: { at: string }) {
  const { session, leave } = useSession();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [at]);
  const out = () => leave().then(() => go('/login'), () => go('/login'));
  return (
    <header class="top">
      <div class="bar">
        <a class="brand" href={href('/')}><img src="favicon.svg" alt="" width="28" height="28" /> AutoCSR</a>
        <button type="button" class="menu" aria-expanded={open ? 'true' : 'false'} aria-controls="nav" onClick={() => setOpen(!open)}>Menu</button>
        <nav id="nav" aria-label="Main" class={open ? 'open' : ''}>
          {session && <Link to="/orders" at={at === '/' ? '/orders' : at}>Orders</Link>}
          <Link to="/check" at={at}>CSR checker</Link>
          <Link to="/ca" at={at}>CA certificates</Link>
          {session && <Link to="/account" at={at}>Account</Link>}
          {session?.user.role === 'admin' && <Link to="/admin" at={at}>Administration</Link>}
          <span class="gap" />
          {session ? <><span class="who" title={session.user.account_name}>{session.user.email}</span><button type="button" class="quiet" onClick={out}>Log out</button></>
            : <><Link to="/login" at={at}>Log in</Link><Link to="/register" at={at}>Register</Link></>}
        </nav>
      </div>
    </header>
  );
}

const groups: Record<string, [string, string][]> = {
  account: [['/account', 'Account'], ['/account/users', 'Users'], ['/account/organisations', 'Organisations'],
    ['/account/tokens', 'API tokens'], ['/account/acme', 'ACME'], ['/account/security', 'Password and second factor'], ['/account/activity', 'Activity']],
  admin: [['/admin', 'Status'], ['/admin/orders', 'All orders'], ['/admin/vetting', 'Vetting'], ['/admin/products', 'Products'], ['/admin/issuers', 'Issuers'],
    ['/admin/users', 'Users'], ['/admin/audit', 'Audit']],
};

function SubNav({ at }: { at: string }) {
  const group = groups[at.split('/')[1] ?? ''];
  if (!group) return null;
  return <nav class="sub" aria-label="Section">{group.map(([to, text]) => <Link key={to} to={to} at={at} exact>{text}</Link>)}</nav>;
}

function Body({ place }: { place: Location }) {
  const { session, loading, problem, lost, refresh } = useSession();
  const open = publicPage(place);
  if (open) return open;
  if (loading) return <Loading what="your session" />;
  if (problem && !session) return <Alert tone="bad"><p>{problem}</p><button type="button" onClick={() => void refresh()}>Try again</button></Alert>;
  if (!session) return <LoginPage next={place.path} lost={lost} />;
  return <><SubNav at={place.path} />{privatePage(place, session.user.role === 'admin')}</>;
}

function Shell() {
  const place = useLocation();
  const skip = (e: Event) => { e.preventDefault(); document.querySelector<HTMLElement>('main h1')?.focus(); };
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>Skip to the content</a>
      <Header at={place.path} />
      <main id="main"><Body key={place.path} place={place} /></main>
      <footer class="foot"><p>A private key made here is handed to you once and not kept.</p></footer>
    </>
  );
}

export function App() {
  return <SessionProvider><Shell /></SessionProvider>;
}
